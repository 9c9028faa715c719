"""Small checkpoints of every kind, and what their own frameworks read from them.

* `record`: digests, names and the list of what was written.
* `networks`: the network, its training, and the weights that many formats share.
* `safetensors_files`, `torch_zips`, `torch_dtypes`, `torch_legacy`, `torch_tar`,
  `torch_programs`, `distributed`, `trainers`, `pickles`, `arrays`, `gguf_files`: one
  family of files each, written and read back.
* `shared`: the same weights in many formats.
"""

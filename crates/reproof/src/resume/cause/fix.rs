//! What to do, in the words of the framework.

/// The fix of a cause for a trainer; the general one where the trainer has none of its own.
pub(super) fn of(cause: &str, trainer: &str) -> &'static str {
    for_trainer(cause, trainer).unwrap_or_else(|| general(cause))
}

fn for_trainer(cause: &str, trainer: &str) -> Option<&'static str> {
    Some(match (trainer, cause) {
        ("transformers", "random.torch" | "random.python" | "random.numpy") => {
            "the trainer loads rng_state.pth after it has fetched the first batch: set random numbers in `on_step_begin`, or draw none in the main process while fetching"
        }
        ("transformers", "batch.position") => "leave `ignore_data_skip` at False",
        ("lightning", "random.torch" | "random.python" | "random.numpy") => {
            "checkpoints of Lightning hold no random states: save and restore them in `on_save_checkpoint` and `on_load_checkpoint`"
        }
        ("lightning", "batch.position" | "batch.order" | "random.loader") => {
            "give the trainer a loader with `state_dict` and `load_state_dict`, such as torchdata's StatefulDataLoader"
        }
        ("accelerate", "batch.position" | "batch.order" | "random.loader") => {
            "pass DataLoaderConfiguration(use_stateful_dataloader=True), or call `accelerator.skip_first_batches`, with use_seedable_sampler=True"
        }
        ("accelerate", "ema.missing") => {
            "call `accelerator.register_for_checkpointing(ema)` before `save_state`"
        }
        ("accelerate", "scheduler.missing") => {
            "pass the scheduler to `accelerator.prepare`, so that `save_state` holds it"
        }
        ("jax", "optimizer.missing" | "optimizer.state" | "scheduler.missing") => {
            "save the optimizer's whole state, its counts too, and restore it in place of `optimizer.init(params)`"
        }
        ("jax", "random.generator") => {
            "save the key with `jax.random.key_data` and restore it with `jax.random.wrap_key_data`"
        }
        ("jax", "buffers.missing") => {
            "save the mutable collections, such as `batch_stats`, with the parameters"
        }
        ("keras", "optimizer.missing" | "optimizer.state" | "scheduler.missing") => {
            "save the whole model with `model.save(path)`, and load it with `keras.models.load_model` in place of compiling anew"
        }
        ("keras", "random.generator") => {
            "files of Keras do not hold the state of layers' seed generators: set it, or sow by the epoch"
        }
        _ => return None,
    })
}

fn general(cause: &str) -> &'static str {
    match cause {
        "weights.missing" | "weights.partial" => {
            "load them with `model.load_state_dict(state, strict=True)` and look at what it returns"
        }
        "weights.precision" => "save the weights in the type in which they are trained",
        "optimizer.missing"
        | "optimizer.state"
        | "optimizer.first-moment"
        | "optimizer.second-moment"
        | "optimizer.momentum"
        | "optimizer.step" => {
            "save `optimizer.state_dict()` and call `optimizer.load_state_dict` after the model is on its device"
        }
        "optimizer.groups" => {
            "restore the whole `optimizer.state_dict()`, its `param_groups` too, and set nothing after it"
        }
        "optimizer.order" => {
            "give the optimizer its parameters in the same order, by sorted names for instance"
        }
        "optimizer.precision" => "save the optimizer's state in the type in which it is kept",
        "scheduler.missing" => {
            "save `scheduler.state_dict()` and call `scheduler.load_state_dict` after the optimizer's"
        }
        "scaler.missing" => "save `scaler.state_dict()` and call `scaler.load_state_dict`",
        "ema.missing" => "save the averaged weights with their number of updates, and load them",
        "buffers.missing" => {
            "save the whole `model.state_dict()`; register buffers that matter with persistent=True"
        }
        "gradients.missing" => "save when the optimizer has just stepped, or save the gradients",
        "modes.autocast" => "resume under the same `torch.autocast`",
        "modes.training" => "call `model.train()` before going on",
        "modes.frozen" => "freeze the same weights before the optimizer is made",
        "random.python" => "save `random.getstate()` and call `random.setstate` last, before the first batch",
        "random.numpy" => {
            "save `numpy.random.get_state()` and call `numpy.random.set_state` last, before the first batch"
        }
        "random.torch" => {
            "save `torch.get_rng_state()` and call `torch.set_rng_state` last: after the model is made, the iterator begun and batches skipped"
        }
        "random.device" => "save `torch.cuda.get_rng_state_all()` and call `torch.cuda.set_rng_state_all`",
        "random.loader" => {
            "save the generator's state at the start of the epoch, before the iterator draws from it, and set it before iterating"
        }
        "random.generator" => "save the state of this generator and set it",
        "batch.position" => {
            "skip the batches that were done: fetch and drop them, so that workers' random numbers advance"
        }
        "batch.order" => {
            "give the loader a generator of its own, and save its state at the start of the epoch"
        }
        "batch.augmentation" => {
            "skip by fetching batches, not by indices, so that random numbers in workers advance; or seed each sample by its index"
        }
        "batch.size" => "resume with the recorded size of batches and number of processes",
        "batch.workers" => {
            "resume with the recorded number of workers, or seed augmentation by the index of the sample"
        }
        "threads" => "set the recorded number of threads: OMP_NUM_THREADS and torch.set_num_threads",
        _ => "",
    }
}

"""PyTorch: live models as witnesses, loading what was verified, digests and comparison where tensors lie."""

import nets
import numpy as np
import pytest
import reproof.data
import torch
import transformers


@pytest.fixture
def saved(tmp_path):
    torch.manual_seed(3)
    net = nets.build()
    path = tmp_path / "weights.pt"
    torch.save(net.state_dict(), path)
    return net, path


def inputs(count=2):
    return {"x": torch.rand(count, 1, 8, 8, generator=torch.Generator().manual_seed(5))}


def test_the_saved_model_must_do_what_the_live_one_does(saved):
    net, path = saved
    threads, random = torch.get_num_threads(), torch.random.get_rng_state()
    recorded = reproof.record(
        path, model=net, cases={"a": inputs(), "b": {"x": 1 - inputs()["x"]}}, loader=nets.build, budget=1.0
    )
    witness = {check["id"]: check for check in recorded.contract["honesty"]}["live-model"]
    assert witness["passed"] and "identical to the live one in 2 cases" in witness["seen"]
    assert recorded.contract["loading"]["loader"] == "nets:build"
    assert (torch.get_num_threads(), net.training) == (threads, False)
    assert torch.equal(torch.random.get_rng_state(), random)
    assert reproof.verify(path).check().verdict == "identical"


def test_a_live_model_that_was_not_saved_as_it_is_refuses_the_recording(saved):
    net, path = saved
    with torch.no_grad():
        net.head.bias += 0.01
    with pytest.raises(reproof.RefusedError, match="live-model") as caught:
        reproof.record(path, model=net, cases=inputs(), loader="nets:build", budget=1.0)
    assert "save the model as it is now" in caught.value.hint
    assert not path.with_name("weights.pt.reproof").exists()
    with pytest.raises(reproof.RefusedError, match="live-model"):
        reproof.record(path, model=nets.with_another_epsilon(), cases=inputs(), loader=nets.build, budget=1.0)


def test_a_function_may_be_the_live_model_and_its_errors_are_its_own(saved):
    net, path = saved

    def scores(x):
        with torch.no_grad():
            return net(torch.as_tensor(x))

    recorded = reproof.record(path, model=scores, cases=inputs(), loader=nets.build, budget=1.0)
    assert recorded.assurance == "outputs"

    def fails(x):
        raise ZeroDivisionError("of its own")

    with pytest.raises(ZeroDivisionError, match="of its own"):
        reproof.record(path, model=fails, cases=inputs(), loader=nets.build, contract="elsewhere")


def test_without_cases_the_contract_covers_bytes(saved):
    _, path = saved
    recorded = reproof.record(path)
    assert recorded.assurance == "bytes" and recorded.contract["suite"] == []
    assert reproof.verify(path).check().assurance == "bytes"


def test_load_gives_what_was_verified_and_refuses_what_fails(saved):
    net, path = saved
    with pytest.raises(reproof.UndecidedError):
        reproof.load(path)
    reproof.record(path)
    found = reproof.load(path)
    assert all(torch.equal(found[name], value) for name, value in net.state_dict().items())
    assert isinstance(reproof.load(path, loader=lambda file: torch.load(file)), dict)

    def swapped(file):
        weights = torch.load(file)
        weights["head.bias"] += 1
        return weights

    with pytest.raises(reproof.ContractBroken, match="head.bias in memory"):
        reproof.load(path, loader=swapped)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(reproof.ContractBroken, match="corrupt"):
        reproof.load(path)


def test_load_takes_what_frameworks_cast_and_nothing_else(tmp_path, monkeypatch):
    configuration = transformers.T5Config(vocab_size=32, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2)
    net = transformers.T5ForConditionalGeneration(configuration).half()
    net.save_pretrained(tmp_path / "t5")
    reproof.record(tmp_path / "t5")
    # Some weights of it are never loaded as halves.
    assert len({weight.dtype for weight in reproof.load(tmp_path / "t5").parameters()}) == 2
    loaded = transformers.T5ForConditionalGeneration.from_pretrained

    def changed(*given, **options):
        net = loaded(*given, **options)
        with torch.no_grad():
            net.encoder.block[0].layer[1].DenseReluDense.wo.weight[0, 0] += 1
        return net

    monkeypatch.setattr(transformers.T5ForConditionalGeneration, "from_pretrained", changed)
    with pytest.raises(reproof.ContractBroken, match="wo.weight in memory"):
        reproof.load(tmp_path / "t5")


def test_load_gives_tensors_that_lend_no_memory(tmp_path):
    path = tmp_path / "graph.pt"
    torch.save({"w": torch.ones(3), "edges": torch.eye(3).to_sparse()}, path)
    reproof.record(path)
    assert reproof.load(path)["edges"].is_sparse

    def swapped(file):
        return torch.load(file) | {"w": torch.zeros(3)}

    with pytest.raises(reproof.ContractBroken, match="w in memory"):
        reproof.load(path, loader=swapped)


def test_a_pickled_module_is_loaded_only_with_trust(tmp_path):
    path = tmp_path / "whole.pt"
    torch.save(nets.build(), path)
    reproof.record(path)
    with pytest.raises(reproof.UndecidedError, match="only by running") as caught:
        reproof.load(path)
    assert "trust=True" in caught.value.hint
    assert isinstance(reproof.load(path, trust=True), nets.Net)


def test_digests_of_a_live_module_are_those_of_its_file(saved):
    net, path = saved
    assert reproof.digest(net).weights_digest == reproof.digest(path).weights_digest
    half = net.to(torch.bfloat16).state_dict()
    torch.save(half, path)
    assert reproof.digest(half).weights_digest == reproof.digest(path).weights_digest
    small = {"w": torch.arange(8.0).to(torch.float8_e4m3fn)}
    torch.save(small, path)
    assert reproof.digest(small).weights_digest == reproof.digest(path).weights_digest
    strided = {name: value.t().contiguous().t() if value.dim() == 2 else value for name, value in half.items()}
    torch.save(half, path)
    assert reproof.digest(strided).weights_digest == reproof.digest(path).weights_digest


def test_tensors_of_two_libraries_are_compared():
    tensor = torch.rand(4, 5, requires_grad=True)
    assert reproof.compare(tensor, tensor.detach().numpy().copy()).identical
    moved = tensor.detach().numpy().copy()
    moved[2, 3] += 1
    assert reproof.compare({"y": tensor}, {"y": moved})["y"].worst[0] == (2, 3)
    assert reproof.compare(tensor.detach().t(), np.ascontiguousarray(moved.T)).differences[0].differing == 1


@pytest.mark.skipif(not hasattr(torch.backends.cuda.matmul, "fp32_precision"), reason="an older torch")
def test_determinism_puts_back_precision_that_is_chosen_for_each_backend():
    matmul = torch.backends.cuda.matmul
    matmul.fp32_precision = "tf32"
    try:
        with reproof.determinism():
            assert matmul.fp32_precision == "ieee"
        assert matmul.fp32_precision == "tf32"
    finally:
        matmul.fp32_precision = "none"


def test_determinism_leaves_what_it_cannot_read():
    written = []
    control = reproof._determinism._Control("odd", lambda: 1 / 0, False, written.append)
    switches = reproof.determinism()
    switch = switches._set(control)
    switches._restore()
    assert (written, switch.value) == ([], None) and "could not be read" in switch.note


@pytest.mark.skipif(torch.cuda.is_initialized(), reason="nothing waits for the first use of CUDA")
def test_seeds_that_wait_for_the_first_use_of_cuda_stay():
    torch.manual_seed(42)
    waiting = torch.cuda._lazy_seed_tracker.get_calls()
    reproof.data.check(torch.utils.data.DataLoader(torch.arange(8.0), shuffle=True), workers=(0,))
    assert torch.cuda._lazy_seed_tracker.get_calls() is waiting
    with reproof.determinism(seed=7):
        assert torch.initial_seed() == 7
        assert torch.cuda._lazy_seed_tracker.get_calls() is not waiting
    assert torch.cuda._lazy_seed_tracker.get_calls() is waiting


def test_determinism_sets_reports_and_restores(monkeypatch):
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    torch.backends.cudnn.benchmark = True
    before = {switch.name: switch.value for switch in reproof._determinism.current()}
    drawn = torch.random.get_rng_state()
    with reproof.determinism(threads=1, seed=7) as switches:
        assert torch.are_deterministic_algorithms_enabled() and torch.get_num_threads() == 1
        assert not torch.backends.cudnn.benchmark
        first = torch.rand(3)
        told = {switch.name: switch for switch in switches.switches}
        assert told["torch.backends.cudnn.benchmark"].before is True
        assert told["CUBLAS_WORKSPACE_CONFIG"].value == ":4096:8"
        assert any(note.startswith("PYTHONHASHSEED") for note in switches.notes)
        assert "torch.threads" in repr(switches)
    assert {switch.name: switch.value for switch in reproof._determinism.current()} == before
    assert torch.equal(torch.random.get_rng_state(), drawn)
    with reproof.determinism(seed=7):
        assert torch.equal(torch.rand(3), first)
    with pytest.raises(ZeroDivisionError), reproof.determinism():
        1 / 0
    assert {switch.name: switch.value for switch in reproof._determinism.current()} == before
    torch.backends.cudnn.benchmark = False

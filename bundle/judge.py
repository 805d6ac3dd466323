"""Compares model folders with transformers, both ways: judge.py DEVICE JAVA...

JAVA... is the command that runs dev.ottava.hub.JudgedModel. For each architecture and stored dtype, transformers makes a random model and
saves it; Ottava loads that, computes logits, and saves the model in F32, BF16 and FP8; transformers loads what Ottava saved and computes the
logits of the same ids. Each line of output is one comparison, || ours - theirs || / || theirs || of the logits and the difference of the
losses; the exit code is 1 if one is beyond its bound.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import torch
import transformers
from safetensors.torch import load_file

ROWS, LENGTH, VOCABULARY = 2, 96, 512
# F32 against F32: order of sums. Otherwise both compute in BF16, whose rounding differs in every operation.
BOUNDS = {"f32": 1e-4, "bf16": 3e-2, "fp8": 3e-2}
SIZES = dict(
    vocab_size=VOCABULARY,
    hidden_size=256,
    intermediate_size=640,
    num_hidden_layers=3,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=1024,
)
LLAMA3 = dict(rope_type="llama3", rope_theta=500000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=64)
ARCHITECTURES = {
    "llama": transformers.LlamaConfig(**SIZES),
    "llama-tied-rope": transformers.LlamaConfig(**SIZES, tie_word_embeddings=True, rope_parameters=LLAMA3),
    "qwen2": transformers.Qwen2Config(**SIZES),
}


def random_model(config, dtype):
    torch.manual_seed(7)
    model = transformers.AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):  # zero as they are initialised
                parameter.normal_(0, 0.5)
            elif parameter.dim() == 1:
                parameter.uniform_(0.5, 1.5)
            else:
                parameter.normal_(0, 0.05)
    return model.to(dtype)


def logits_of(model, ids, device):
    with torch.no_grad():
        return model.to(device).eval()(ids.to(device)).logits.float().cpu()


def loss(logits, ids):
    return torch.nn.functional.cross_entropy(logits[:, :-1].reshape(-1, VOCABULARY), ids[:, 1:].reshape(-1)).item()


def main():
    device, java = sys.argv[1], sys.argv[2:]
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    print(f"transformers {transformers.__version__}, torch {torch.__version__}, {device}")
    ids = torch.randint(0, VOCABULARY, (ROWS, LENGTH), generator=torch.Generator().manual_seed(1))
    bad = 0

    def compare(what, stored, ours, theirs):
        nonlocal bad
        error = ((ours - theirs).norm() / theirs.norm()).item()
        difference = abs(loss(ours, ids) - loss(theirs, ids)) / loss(theirs, ids)
        ok = error <= BOUNDS[stored] and difference <= BOUNDS[stored]
        bad += not ok
        print(f"{'ok ' if ok else 'BAD'} {what}: logits {error:.2e}, loss {difference:.2e}, bound {BOUNDS[stored]:.0e}", flush=True)

    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        (scratch / "ids.json").write_text(json.dumps(ids.tolist()))
        for name, config in ARCHITECTURES.items():
            for written in ("f32", "bf16"):
                theirs = scratch / f"{name}-{written}"
                model = random_model(config, torch.float32 if written == "f32" else torch.bfloat16)
                model.save_pretrained(theirs)
                expected = logits_of(model, ids, device)
                for stored in ("f32", "bf16", "fp8"):
                    if written == "bf16" and stored == "f32":
                        continue  # transformers would compute in another dtype than ours
                    saved = scratch / f"{name}-{written}-{stored}"
                    saved.mkdir()
                    subprocess.run([*java, theirs, scratch / "ids.json", stored, device, saved], check=True)
                    ours = load_file(saved / "ottava-logits.safetensors")["logits"].reshape(ROWS, LENGTH, VOCABULARY)
                    if stored == written:
                        compare(f"{name} in {written} as transformers wrote it", stored, ours, expected)
                    # FP8: the weights that the codes and scales stand for; its own FP8 products quantise activations as well.
                    options = {"quantization_config": transformers.FineGrainedFP8Config(dequantize=True)} if stored == "fp8" else {}
                    dtype = torch.float32 if stored == "f32" else torch.bfloat16
                    loaded = transformers.AutoModelForCausalLM.from_pretrained(saved, dtype=dtype, **options)
                    compare(f"{name} in {stored} as Ottava wrote it", stored, ours, logits_of(loaded, ids, device))
    sys.exit(1 if bad else 0)


main()

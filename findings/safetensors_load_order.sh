#!/bin/bash
# The order of tensors that safetensors reads from bytes changes from process to process.
#
# safetensors 0.8.0, NumPy 2.4.6. A file is a header, in which tensors stand in one order, and their
# numbers. A good guess is that reading gives them in that order, by whatever function. `load_file`
# does give the same order every time. `load`, which takes the same bytes from memory, gives another
# order in nearly every process, as no Python dictionary does since 3.7. Two processes that read one
# checkpoint and compare it tensor by tensor, in the order of their dictionaries, find differences
# where there are none.
#
# Seen: in 8 processes, 1 order by `load_file` and more than 1 (8, as a rule) by `load`; the same
# tensors each time.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet safetensors==0.8.0 numpy==2.4.6
cat > "$place/order.py" <<'PYTHON'
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load, load_file, save_file

path = Path(sys.argv[1])
tensors = {f"tensor_{number:02d}": np.full(2, number, np.float32) for number in range(12)}
if not path.exists():
    save_file(tensors, path)
by_file, by_bytes = load_file(path), load(path.read_bytes())
for found in (by_file, by_bytes):
    assert found.keys() == tensors.keys()
    assert all(np.array_equal(found[name], tensors[name]) for name in tensors)
print(*by_file, "|", *by_bytes)
PYTHON
for _ in 1 2 3 4 5 6 7 8; do
    "$place/venv/bin/python" "$place/order.py" "$place/some.safetensors"
done > "$place/orders"
by_file=$(cut -d'|' -f1 "$place/orders" | sort -u | wc -l)
by_bytes=$(cut -d'|' -f2 "$place/orders" | sort -u | wc -l)
echo "orders in 8 processes: $by_file by load_file, $by_bytes by load"
[ "$by_file" -eq 1 ] && [ "$by_bytes" -gt 1 ]

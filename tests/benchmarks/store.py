"""The image store beside plain Pillow and a torchvision DataLoader, interleaved in one run.

    python -m tests.benchmarks.store [--images 20000] [--size 224] [--rounds 5] [--workers 2]

JPEGs of mixed sizes are made first. Each round decodes its share of them by a plain loop (one
thread) and into a store, then takes batches of 128 from the store, from a DataLoader and from the
page cache (the same bytes, copied in order). The whole set is built once more by a process of its
own, whose memory is looked at. Prints a Markdown table of medians over the rounds.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

from trainables.batches.sampling import BatchSampler
from trainables.batches.supply import Ahead, Resident
from trainables.datasets.formats.decode import Decoding
from trainables.datasets.images import Images
from trainables.datasets.store.encoded import Files
from trainables.datasets.store.photos import photos
from trainables.datasets.store.place import CACHE_VARIABLE
from trainables.host_memory import begin_peak, peak_memory

__all__ = ["write_photos"]

SHAPES = ((320, 240), (480, 640), (800, 600), (600, 800), (1024, 768), (640, 640))
DISTINCT = 60
"""Photos that differ; the others are copies of them, in files of their own."""

BATCH, BATCHES = 128, 200
"""Images of a batch, and batches from memory that are timed at once."""
CPU = torch.device("cpu")


def write_photos(folder: Path, count: int) -> list[Path]:
    """JPEGs of six sizes, of smooth noise with some grain."""
    draw = np.random.default_rng(0)
    distinct = []
    for number in range(min(DISTINCT, count)):
        width, height = SHAPES[number % len(SHAPES)]
        coarse = Image.fromarray(draw.integers(0, 256, (12, 12, 3), dtype=np.uint8))
        smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), np.int16)
        grain = draw.integers(-12, 13, smooth.shape, dtype=np.int16)
        file = folder / f"{number}.jpg"
        Image.fromarray((smooth + grain).clip(0, 255).astype(np.uint8)).save(file, quality=90)
        distinct.append(file.read_bytes())
    for number in range(len(distinct), count):
        (folder / f"{number}.jpg").write_bytes(distinct[number % len(distinct)])
    return [folder / f"{number}.jpg" for number in range(count)]


def plain_loop(files: Sequence[Path], size: int, out: Path) -> None:
    """What one would write: open, resize the shorter side, crop the middle, keep the pixels."""
    pixels = np.memmap(out, np.uint8, "w+", shape=(len(files), 3, size, size))
    for place, file in zip(pixels, files, strict=True):
        with Image.open(file) as photo:
            image = photo.convert("RGB")
        scale = size / min(image.size)
        width, height = (max(size, round(side * scale)) for side in image.size)
        image = image.resize((width, height), Image.Resampling.BILINEAR)
        left, top = (width - size) // 2, (height - size) // 2
        cropped = image.crop((left, top, left + size, top + size))
        place[:] = np.asarray(cropped).transpose(2, 0, 1)
    pixels.flush()


def store(files: Sequence[Path], size: int) -> torch.Tensor:
    """The same pixels by the store."""
    return photos("photos", Files(files), Decoding(size, 3), "stop").images


class Photos(Dataset[torch.Tensor]):
    """One file after the other, as torchvision's ImageFolder reads it."""

    def __init__(self, files: Sequence[Path], size: int) -> None:
        self._files = files
        self._ready = v2.Compose([v2.Resize(size), v2.CenterCrop(size), v2.PILToTensor()])

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int) -> torch.Tensor:
        with Image.open(self._files[index]) as photo:
            found: torch.Tensor = self._ready(photo.convert("RGB"))
        return found


def loaded(files: Sequence[Path], size: int, workers: int, each: int) -> float:
    """Images a second of a DataLoader, while each of its workers makes so many batches."""
    loader = DataLoader(
        Photos(files, size), BATCH, shuffle=True, num_workers=workers, drop_last=True
    )
    batches = iter(loader)
    # What is begun together comes together.
    for _ in range(workers):
        next(batches)
    return rate(batches, workers * each)


def supplied(kind: type[Resident] | type[Ahead], pixels: torch.Tensor) -> Iterator[torch.Tensor]:
    """Endless shuffled batches of the store."""
    images = Images(pixels, torch.arange(len(pixels)))
    sampler = BatchSampler(len(pixels), BATCH, torch.Generator().manual_seed(0))
    supply = kind(images, [sampler], CPU)
    while True:
        supply.load(1)
        yield supply.pixels(0)


def copied(pixels: torch.Tensor) -> Iterator[torch.Tensor]:
    """Endless batches that lie side by side: what the memory gives at most."""
    target = torch.empty((BATCH, *pixels.shape[1:]), dtype=torch.uint8)
    while True:
        for start in range(0, len(pixels) - BATCH + 1, BATCH):
            yield target.copy_(pixels[start : start + BATCH])


def rate(batches: Iterator[torch.Tensor], number: int) -> float:
    """Images a second."""
    began = time.perf_counter()
    for _ in islice(batches, number):
        pass
    return number * BATCH / (time.perf_counter() - began)


def seconds(work: Callable[[], Any]) -> float:
    """That it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def whole(folder: Path, count: int, size: int) -> None:
    """In a process of its own: build all, and say how long it took and what memory it had."""
    files = [folder / f"{number}.jpg" for number in range(count)]
    begin_peak()
    before = peak_memory()
    took = seconds(lambda: store(files, size))
    print(f"{took} {peak_memory()} {before}")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2, help="of the DataLoader")
    parser.add_argument("--whole", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.whole is not None:
        whole(chosen.whole, chosen.images, chosen.size)
        return
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        os.environ[CACHE_VARIABLE] = str(Path(place, "cache"))
        folder = Path(place, "photos")
        folder.mkdir()
        print(f"making {chosen.images:,} photos", file=sys.stderr)
        measure(chosen, folder, write_photos(folder, chosen.images))


def measure(chosen: argparse.Namespace, folder: Path, files: list[Path]) -> None:
    """All rounds, then the whole set in another process."""
    share = len(files) // chosen.rounds
    ways: dict[str, list[float]] = {}
    for each in range(chosen.rounds):
        print(f"round {each + 1} of {chosen.rounds}", file=sys.stderr)
        part = files[each * share : (each + 1) * share]
        out = folder / "plain.pixels"
        found: dict[str, float] = {
            "plain": share / seconds(partial(plain_loop, part, chosen.size, out)),
            "built": share / seconds(partial(store, part, chosen.size)),
        }
        out.unlink()
        pixels = store(part, chosen.size)
        for name, batches in (
            ("resident", supplied(Resident, pixels)),
            ("ahead", supplied(Ahead, pixels)),
            ("copied", copied(pixels)),
        ):
            rate(batches, 1 + share // BATCH)  # each page is met once
            found[name] = rate(batches, BATCHES)
        batches_each = max(1, min(8, share // BATCH // chosen.workers))
        found["loader"] = loaded(files, chosen.size, chosen.workers, batches_each)
        for name, value in found.items():
            ways.setdefault(name, []).append(value)
    said = subprocess.run(
        [
            *(sys.executable, "-m", __spec__.name, "--whole", str(folder)),
            *("--images", str(len(files)), "--size", str(chosen.size)),
        ],
        env={**os.environ, CACHE_VARIABLE: str(folder)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    show(chosen, {n: statistics.median(each) for n, each in ways.items()}, said.stdout)


def show(chosen: argparse.Namespace, median: dict[str, float], whole_set: str) -> None:
    """The table, and what memory the whole set took."""
    image = 3 * chosen.size**2
    rows = (
        ("plain loop with Pillow, one thread", "plain"),
        ("decoded into the store", "built"),
        (f"DataLoader, {chosen.workers} workers", "loader"),
        ("from the store, gathered in place", "resident"),
        ("from the store, gathered ahead by a thread", "ahead"),
        ("page cache, the same bytes in order", "copied"),
    )
    print("| | images a second | x plain loop | x DataLoader | GB/s |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for words, name in rows:
        value = median[name]
        print(
            f"| {words} | {value:,.0f} | {value / median['plain']:.1f} | "
            f"{value / median['loader']:.1f} | {value * image / 1e9:.2f} |"
        )
    took, peak, before = map(float, whole_set.split())
    print(
        f"\n{chosen.images:,} images: {took:.0f} s for the whole store "
        f"({chosen.images * image / 1e9:.2f} GB; a plain loop takes "
        f"{chosen.images / median['plain']:.0f} s), with {peak:.0f} MB resident at most, "
        f"{peak - before:.0f} MB more than before it began. From the store: "
        f"{100 * median['resident'] / median['copied']:.0f} % of the page cache's bandwidth."
    )


if __name__ == "__main__":
    main()

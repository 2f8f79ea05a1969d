"""Decodes each folder that it is asked for by Pillow, and tells how long that took.

usage: peer.py PROCESSES MODE, where MODE is "plain", as most loops are written, or "draft": the JPEG decoder shrinks first, and Lanczos follows
a box filter, each leaving a factor of two, as Image.thumbnail does it
"""

import json
import multiprocessing
import os
import sys
import time

from PIL import Image, ImageOps

PROCESSES = int(sys.argv[1])
IS_DRAFT = sys.argv[2] == "draft"
GAP = 2.0


def decode(job):
    path, size = job
    start = time.process_time()
    with Image.open(path) as image:
        if IS_DRAFT:
            image.draft("RGB", (int(GAP * size), int(GAP * size)))
        upright = ImageOps.exif_transpose(image).convert("RGB")
        pixels = upright.resize((size, size), Image.LANCZOS, reducing_gap=GAP if IS_DRAFT else None).tobytes()
    return pixels, time.process_time() - start


def jobs_of(folder, size):
    for parent, _, names in sorted(os.walk(folder, followlinks=True)):
        for name in sorted(names):
            yield os.path.join(parent, name), size


def main():
    pool = multiprocessing.Pool(PROCESSES) if PROCESSES > 1 else None
    for line in sys.stdin:
        request = json.loads(line)
        start, start_cpu = time.perf_counter(), time.process_time()
        jobs = list(jobs_of(request["folder"], request["size"]))
        decoded = list(pool.map(decode, jobs, chunksize=16) if pool else map(decode, jobs))
        pixels = bytearray().join(one for one, _ in decoded)
        seconds = time.perf_counter() - start
        cpu_seconds = time.process_time() - start_cpu + (sum(cpu for _, cpu in decoded) if pool else 0)
        images = len(pixels) // (request["size"] ** 2 * 3)
        print(json.dumps({"images": images, "seconds": seconds, "cpuSeconds": cpu_seconds}), flush=True)


main()

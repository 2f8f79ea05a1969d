"""Decodes each folder that it is asked for by Pillow, and tells how long that took.

usage: peer.py COUNT KIND MODE, where KIND is "processes" or "threads", which Pillow lets run while it decodes, and MODE is "plain", as most loops are
written, or "draft": the JPEG decoder shrinks first, and Lanczos follows a box filter, each leaving a factor of two, as Image.thumbnail does it
"""

import json
import multiprocessing
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from PIL import Image, ImageOps

COUNT = int(sys.argv[1])
ARE_PROCESSES = COUNT > 1 and sys.argv[2] == "processes"
IS_DRAFT = sys.argv[3] == "draft"
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


def open_map():
    if COUNT == 1:
        return map
    if ARE_PROCESSES:
        pool = multiprocessing.Pool(COUNT)
        return lambda work, jobs: pool.map(work, jobs, chunksize=16)
    return ThreadPoolExecutor(COUNT).map


def main():
    do_all = open_map()
    for line in sys.stdin:
        request = json.loads(line)
        start, start_cpu = time.perf_counter(), time.process_time()
        decoded = list(do_all(decode, list(jobs_of(request["folder"], request["size"]))))
        pixels = bytearray().join(one for one, _ in decoded)
        seconds = time.perf_counter() - start
        # The time of this process has that of its threads in it.
        cpu_seconds = time.process_time() - start_cpu + (sum(cpu for _, cpu in decoded) if ARE_PROCESSES else 0)
        images = len(pixels) // (request["size"] ** 2 * 3)
        print(json.dumps({"images": images, "seconds": seconds, "cpuSeconds": cpu_seconds}), flush=True)


main()

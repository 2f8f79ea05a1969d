{
  "targets": [
    {
      "target_name": "pictures",
      "sources": ["src/addon.cc", "src/jpeg.cc", "src/resample.cc"],
      "cflags_cc!": ["-fno-exceptions", "-std=gnu++17"],
      "cflags_cc": ["-std=gnu++20", "-O3", "-ffp-contract=off", "-Wall", "-Wextra"],
      "libraries": ["-ljpeg"]
    }
  ]
}

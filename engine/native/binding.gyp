{
  "targets": [
    {
      "target_name": "pawprint",
      "sources": [
        "src/addon.cc",
        "src/conv.cc",
        "src/depthwise.cc",
        "src/functions.cc",
        "src/linear.cc",
        "src/loss.cc",
        "src/map.cc",
        "src/pool.cc",
        "src/program.cc",
        "src/shape.cc"
      ],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17"],
      "cflags_cc": ["-std=gnu++20", "-O3", "-fno-math-errno", "-fno-trapping-math", "-fopenmp", "-Wall", "-Wextra"],
      "libraries": ["-ldnnl", "-fopenmp"]
    }
  ]
}

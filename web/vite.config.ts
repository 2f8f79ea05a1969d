import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: 'dist',
    // The strict CSP allows no inline scripts; every supported browser preloads modules by itself.
    modulePreload: { polyfill: false },
    target: 'es2022',
  },
})

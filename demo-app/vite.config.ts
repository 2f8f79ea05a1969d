import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: 'dist/page',
    // The strict CSP allows no inline scripts; every supported browser preloads modules by itself.
    modulePreload: { polyfill: false },
    // Nothing becomes a data: address, which the CSP allows for pictures only.
    assetsInlineLimit: 0,
    target: 'es2022',
  },
})

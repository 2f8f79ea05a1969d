// The two encoders of the WHATWG Encoding Standard exist in Node and in every browser; neither of those is a dependency here.
declare class TextEncoder {
  encode(text: string): Uint8Array
}
declare class TextDecoder {
  constructor(label?: 'utf-8', options?: { fatal?: boolean })
  decode(bytes: Uint8Array): string
}

const mask = (1n << 64n) - 1n;
const prime1 = 0x9e3779b185ebca87n;
const prime2 = 0xc2b2ae3d27d4eb4fn;
const prime3 = 0x165667b19e3779f9n;
const prime4 = 0x85ebca77c2b2ae63n;
const prime5 = 0x27d4eb2f165667c5n;

/**
 * xxHash64 with seed 0 as 16 hex digits: the builder looks for a buildpack in the folder that its key hashes to
 * (github.com/Cyan4973/xxHash, doc/xxhash_spec.md). Keys are short, so big integers do.
 */
export function xxh64(text: string): string {
  const bytes = Buffer.from(text);
  let at = 0;
  let hash: bigint;
  if (bytes.length >= 32) {
    const lanes: [bigint, bigint, bigint, bigint] = [
      (prime1 + prime2) & mask,
      prime2,
      0n,
      -prime1 & mask,
    ];
    for (; at + 32 <= bytes.length; at += 32) {
      for (const [index, lane] of lanes.entries()) {
        lanes[index] = round(lane, bytes.readBigUInt64LE(at + index * 8));
      }
    }
    const [a, b, c, d] = lanes;
    hash = (rotate(a, 1n) + rotate(b, 7n) + rotate(c, 12n) + rotate(d, 18n)) & mask;
    for (const lane of lanes) hash = ((hash ^ round(0n, lane)) * prime1 + prime4) & mask;
  } else {
    hash = prime5;
  }
  hash = (hash + BigInt(bytes.length)) & mask;
  return avalanche(mixTail(hash, bytes.subarray(at)))
    .toString(16)
    .padStart(16, "0");
}

function mixTail(start: bigint, tail: Buffer): bigint {
  let hash = start;
  let at = 0;
  for (; at + 8 <= tail.length; at += 8) {
    hash ^= round(0n, tail.readBigUInt64LE(at));
    hash = (rotate(hash, 27n) * prime1 + prime4) & mask;
  }
  if (at + 4 <= tail.length) {
    hash ^= (BigInt(tail.readUInt32LE(at)) * prime1) & mask;
    hash = (rotate(hash, 23n) * prime2 + prime3) & mask;
    at += 4;
  }
  for (; at < tail.length; at += 1) {
    hash ^= (BigInt(tail.readUInt8(at)) * prime5) & mask;
    hash = (rotate(hash, 11n) * prime1) & mask;
  }
  return hash;
}

function avalanche(start: bigint): bigint {
  let hash = start;
  hash = ((hash ^ (hash >> 33n)) * prime2) & mask;
  hash = ((hash ^ (hash >> 29n)) * prime3) & mask;
  return hash ^ (hash >> 32n);
}

function round(accumulator: bigint, input: bigint): bigint {
  return (rotate((accumulator + input * prime2) & mask, 31n) * prime1) & mask;
}

function rotate(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & mask;
}

const mask = 0xffffffffffffffffn;
const prime1 = 0x9e3779b185ebca87n;
const prime2 = 0xc2b2ae3d27d4eb4fn;
const prime3 = 0x165667b19e3779f9n;
const prime4 = 0x85ebca77c2b2ae63n;
const prime5 = 0x27d4eb2f165667c5n;

/** XXH64 of the text's UTF-8 bytes with seed 0, as 16 lower-case hex digits: the name of a buildpack's folder. */
export function xxhash64(text: string): string {
  const input = Buffer.from(text, "utf8");
  let offset = 0;
  let hash: bigint;
  if (input.length >= 32) {
    const lanes = [wrap(prime1 + prime2), prime2, 0n, wrap(-prime1)];
    for (; offset + 32 <= input.length; offset += 32) {
      for (const [index, lane] of lanes.entries()) {
        lanes[index] = round(lane, input.readBigUInt64LE(offset + 8 * index));
      }
    }
    const [a = 0n, b = 0n, c = 0n, d = 0n] = lanes;
    hash = wrap(rotate(a, 1n) + rotate(b, 7n) + rotate(c, 12n) + rotate(d, 18n));
    for (const lane of lanes) hash = wrap((hash ^ round(0n, lane)) * prime1 + prime4);
  } else {
    hash = prime5;
  }
  hash = wrap(hash + BigInt(input.length));
  for (; offset + 8 <= input.length; offset += 8) {
    hash ^= round(0n, input.readBigUInt64LE(offset));
    hash = wrap(rotate(hash, 27n) * prime1 + prime4);
  }
  if (offset + 4 <= input.length) {
    hash ^= wrap(BigInt(input.readUInt32LE(offset)) * prime1);
    hash = wrap(rotate(hash, 23n) * prime2 + prime3);
    offset += 4;
  }
  for (; offset < input.length; offset += 1) {
    hash ^= wrap(BigInt(input.readUInt8(offset)) * prime5);
    hash = wrap(rotate(hash, 11n) * prime1);
  }
  hash = wrap((hash ^ (hash >> 33n)) * prime2);
  hash = wrap((hash ^ (hash >> 29n)) * prime3);
  hash ^= hash >> 32n;
  return hash.toString(16).padStart(16, "0");
}

function round(lane: bigint, value: bigint): bigint {
  return wrap(rotate(wrap(lane + value * prime2), 31n) * prime1);
}

function rotate(value: bigint, bits: bigint): bigint {
  return wrap((value << bits) | (value >> (64n - bits)));
}

function wrap(value: bigint): bigint {
  return value & mask;
}

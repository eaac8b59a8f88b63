import { crc32, deflateRawSync } from "node:zlib";

/** One entry of a zip for a test; the fields below `mode` are for archives that lie. */
export interface TestEntry {
  readonly name: string | Buffer;
  readonly content?: string | Buffer;
  /** Whole Unix mode with the type; default a regular file, 0644. */
  readonly mode?: number;
  readonly stored?: boolean;
  readonly flags?: number;
  readonly method?: number;
  readonly declaredSize?: number;
  readonly crc32?: number;
  readonly localName?: string;
  /** Points to the local header of the first entry. */
  readonly sharesFirst?: boolean;
  /** 3 Unix, 0 MS-DOS. */
  readonly madeBy?: number;
  /** Sizes follow the data, as the official client writes them. */
  readonly dataDescriptor?: boolean;
}

/** A zip made byte by byte, so that a test can make any that no library would. */
export function buildZip(
  entries: readonly TestEntry[],
  lies: { readonly count?: number; readonly directoryOffset?: number } = {},
): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const made = makeEntry(entry, offset);
    central.push(made.central);
    if (entry.sharesFirst === true) continue;
    locals.push(made.local);
    offset += made.local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(lies.count ?? entries.length, 8);
  end.writeUInt16LE(lies.count ?? entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(lies.directoryOffset ?? offset, 16);
  return Buffer.concat([...locals, directory, end]);
}

function makeEntry(
  entry: TestEntry,
  offset: number,
): { readonly local: Buffer; readonly central: Buffer } {
  const name = Buffer.from(entry.name);
  const content = Buffer.from(entry.content ?? "");
  const data = entry.stored === true ? content : deflateRawSync(content);
  const hasDescriptor = entry.dataDescriptor === true;
  const fields = Buffer.alloc(20);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt16LE((entry.flags ?? 0) | (hasDescriptor ? 8 : 0), 2);
  fields.writeUInt16LE(entry.method ?? (entry.stored === true ? 0 : 8), 4);
  fields.writeUInt16LE(0x21, 8);
  fields.writeUInt32LE(entry.crc32 ?? crc32(content), 10);
  fields.writeUInt32LE(data.length, 14);
  const sizes = Buffer.alloc(4);
  sizes.writeUInt32LE(entry.declaredSize ?? content.length);

  const localName = Buffer.from(entry.localName ?? name);
  const localFields = Buffer.concat([fields.subarray(0, 18), sizes]);
  if (hasDescriptor) localFields.fill(0, 10);
  const localLengths = Buffer.alloc(4);
  localLengths.writeUInt16LE(localName.length);
  const descriptor = Buffer.concat([signature(0x08074b50), fields.subarray(10, 18), sizes]);
  const local = Buffer.concat([
    signature(0x04034b50),
    localFields,
    localLengths,
    localName,
    data,
    ...(hasDescriptor ? [descriptor] : []),
  ]);

  const tail = Buffer.alloc(18);
  tail.writeUInt16LE(name.length, 0);
  tail.writeUInt32LE((entry.mode ?? 0o100644) * 0x10000, 10);
  tail.writeUInt32LE(entry.sharesFirst === true ? 0 : offset, 14);
  const madeBy = Buffer.from([20, entry.madeBy ?? 3]);
  const central = Buffer.concat([
    signature(0x02014b50),
    madeBy,
    fields.subarray(0, 18),
    sizes,
    tail,
    name,
  ]);
  return { local, central };
}

function signature(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

import { buffer } from "node:stream/consumers";
import { fromBufferPromise } from "yauzl";
import type { RecordedRequest } from "./stub-cloud-foundry.ts";

export interface UploadedPart {
  readonly name: string;
  readonly filename: string | undefined;
  readonly content: Buffer;
}

/** The parts of a multipart/form-data body. */
export function multipartParts({ headers, body }: RecordedRequest): UploadedPart[] {
  const boundary = /boundary=(.*)$/.exec(headers["content-type"] ?? "")?.[1] ?? "";
  const separator = `--${boundary}`;
  const text = body.toString("latin1");
  return text
    .split(separator)
    .slice(1, -1)
    .map((part) => {
      const end = part.indexOf("\r\n\r\n");
      const head = part.slice(0, end);
      return {
        name: /name="([^"]*)"/.exec(head)?.[1] ?? "",
        filename: /filename="([^"]*)"/.exec(head)?.[1],
        content: Buffer.from(part.slice(end + 4, -2), "latin1"),
      };
    });
}

export interface ZippedFile {
  readonly name: string;
  /** Unix mode in octal, with its type. */
  readonly mode: string;
  readonly content: string;
}

export async function readZip(bytes: Buffer): Promise<ZippedFile[]> {
  const zip = await fromBufferPromise(bytes);
  const files: ZippedFile[] = [];
  for await (const entry of zip.eachEntry()) {
    const mode = (entry.externalFileAttributes >>> 16).toString(8);
    const content = await buffer(await zip.openReadStreamPromise(entry));
    files.push({ name: entry.fileName, mode, content: content.toString() });
  }
  return files.sort((a, b) => (a.name < b.name ? -1 : 1));
}

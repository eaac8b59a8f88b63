import type { FastifyReply } from "fastify";
import type { PresentedPage } from "./page.ts";

/** A list's document whose resources are presented while they are written. */
export interface PageOfRows<Row> {
  readonly pagination: PresentedPage["pagination"];
  readonly rows: readonly Row[];
  readonly present: (row: Row, index: number) => unknown;
  /** What is shown beside them; undefined: no such key. */
  readonly included?: unknown;
}

/**
 * Answers with a long list, in the bytes that it would have as an object. Each resource is
 * forgotten once it is written: a page of a hundred is a megabyte of objects, and where sixteen such were ready at once,
 * each a few steps before it was written, they outlived the young generation. The collections of the whole heap that
 * followed were the slowest hundredth of the requests.
 */
export function sendPage<Row>(reply: FastifyReply, page: PageOfRows<Row>): FastifyReply {
  return reply.type("application/json; charset=utf-8").send(encodePage(page));
}

export function encodePage<Row>({ pagination, rows, present, included }: PageOfRows<Row>): Buffer {
  const texts = [`{"pagination":${JSON.stringify(pagination)},"resources":[`];
  for (const [index, row] of rows.entries()) {
    if (index > 0) texts.push(",");
    texts.push(JSON.stringify(present(row, index)));
  }
  texts.push(included === undefined ? "]}" : `],"included":${JSON.stringify(included)}}`);
  return encode(texts);
}

/** Without a string of the whole, which would be a large object of the heap. */
function encode(texts: readonly string[]): Buffer {
  let length = 0;
  for (const text of texts) length += Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafeSlow(length);
  let end = 0;
  for (const text of texts) end += bytes.write(text, end);
  return bytes;
}

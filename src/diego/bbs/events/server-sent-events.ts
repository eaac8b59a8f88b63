export interface ServerSentEvent {
  readonly name: string;
  readonly data: string;
}

/** The events in a `text/event-stream` body; ends where the body ends or breaks. */
export async function* serverSentEvents(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder();
  let rest = "";
  let name = "";
  let data: string[] = [];
  for await (const chunk of untilBroken(body)) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const [field, value] = fieldOf(line.endsWith("\r") ? line.slice(0, -1) : line);
      if (field === "event") name = value;
      if (field === "data") data.push(value);
      if (field !== "" || data.length === 0) continue;
      yield { name, data: data.join("\n") };
      name = "";
      data = [];
    }
  }
}

/** An empty line, which ends an event, has an empty field. */
function fieldOf(line: string): readonly [string, string] {
  const colon = line.indexOf(":");
  if (colon === -1) return [line, ""];
  return [line.slice(0, colon) || ":", line.slice(colon + 1).replace(/^ /, "")];
}

/** A connection that breaks, or is aborted, ends a stream as one that is closed does: the consumer connects anew. */
async function* untilBroken(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await chunks.next().catch(() => ({ done: true, value: undefined }) as const);
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await chunks.return?.().catch(() => undefined);
  }
}

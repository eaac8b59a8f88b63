import type { ComponentChildren } from "preact";
import type { LogLine } from "./log-line.ts";
import { plainText } from "./terminal-text.ts";

/** Above a log: a filter, and all of it as a file. A browser's own search finds only what is in the window. */
export function LogTools(props: {
  readonly filter: string;
  readonly setFilter: (filter: string) => void;
  readonly lines: readonly LogLine[];
  readonly fileName: string;
  readonly children?: ComponentChildren;
}) {
  return (
    <div class="log-tools">
      <label class="choice">
        <span>Filter</span>
        <input
          type="search"
          value={props.filter}
          onInput={(event) => props.setFilter(event.currentTarget.value)}
        />
      </label>
      {props.children}
      <button
        type="button"
        disabled={props.lines.length === 0}
        onClick={() => download(props.fileName, props.lines)}
      >
        Download
      </button>
    </div>
  );
}

/** Those that have the words, whatever their case. */
export function filtered(lines: readonly LogLine[], filter: string): readonly LogLine[] {
  const wanted = filter.trim().toLowerCase();
  if (wanted === "") return lines;
  return lines.filter(({ text }) => text.toLowerCase().includes(wanted));
}

function download(fileName: string, lines: readonly LogLine[]): void {
  const text = lines
    .map((line) => `${new Date(line.at).toISOString()} ${line.source} ${plainText(line.text)}\n`)
    .join("");
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = fileName;
  link.click();
  URL.revokeObjectURL(address);
}

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { LogLine } from "./log-line.ts";
import { windowOf, type LogRow, type LogSection } from "./log-rows.ts";
import { StyledText } from "./styled-text.tsx";
import { shownCharacters } from "./terminal-text.ts";

/** Of `--log-row` in the style sheet, in pixels: rows of one height make 50,000 of them as cheap as fifty. */
const rowHeight = 20;
const tallest = 640;
/** Of what stands below the row at which a log is looked at first. */
const rowsBelow = 7;

/** A log in a window of its own. It follows the end until the reader moves away from it. */
export function LogView(props: {
  readonly label: string;
  readonly rows: readonly LogRow[];
  readonly follows: boolean;
  /** The row that is brought into view once it is known; a reader who has moved meanwhile is left where he is. */
  readonly beginsAt?: number | undefined;
  /** What stands in front of a line: its number in a build's log, its time and source in an app's. */
  readonly margin: (line: LogLine) => string;
  readonly toggle?: (section: LogSection) => void;
}) {
  const { rows } = props;
  const box = useRef<HTMLDivElement>(null);
  const [scrollTop, setScrollTop] = useState(0);
  const isAtEnd = useRef(true);
  const height = Math.min(tallest, Math.max(1, rows.length) * rowHeight);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null || !props.follows || !isAtEnd.current) return;
    element.scrollTop = element.scrollHeight;
  }, [rows, props.follows]);
  const isPlaced = useRef(false);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null || props.beginsAt === undefined || isPlaced.current) return;
    isPlaced.current = true;
    if (element.scrollTop > 0) return;
    element.scrollTop = (props.beginsAt + rowsBelow) * rowHeight - element.clientHeight;
  }, [props.beginsAt]);
  const moved = (element: HTMLDivElement) => {
    isAtEnd.current = element.scrollTop + element.clientHeight >= element.scrollHeight - rowHeight;
    setScrollTop(element.scrollTop);
  };
  const shown = windowOf({ rows: rows.length, rowHeight, scrollTop, height });
  return (
    // A region that scrolls must be reachable by the keyboard.
    <div
      ref={box}
      class="log"
      role="region"
      aria-label={props.label}
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrolling region without focusable content
      tabIndex={0}
      style={{ height: `${height + 16}px` }}
      onScroll={(event) => moved(event.currentTarget)}
    >
      <div class="log-all" style={{ height: `${rows.length * rowHeight}px` }}>
        <div class="log-window" style={{ transform: `translateY(${shown.first * rowHeight}px)` }}>
          {rows
            .slice(shown.first, shown.end)
            .map((row) =>
              row.kind === "line" ? (
                <Line key={row.line.number} line={row.line} margin={props.margin(row.line)} />
              ) : (
                <SectionHead key={`section ${row.section.key}`} row={row} toggle={props.toggle} />
              ),
            )}
        </div>
      </div>
    </div>
  );
}

function Line({ line, margin }: { readonly line: LogLine; readonly margin: string }) {
  const hidden = line.text.length - shownCharacters;
  return (
    <div class={line.isError ? "log-line log-line-error" : "log-line"}>
      <span class="log-margin">{margin}</span>
      <span class="log-text">
        <StyledText line={line.text} />
        {hidden > 0 ? <em class="log-note"> … {hidden} more characters are not shown</em> : null}
      </span>
    </div>
  );
}

function SectionHead(props: {
  readonly row: Extract<LogRow, { kind: "section" }>;
  readonly toggle: ((section: LogSection) => void) | undefined;
}) {
  const { section, isOpen } = props.row;
  const count = section.lines.length;
  return (
    <button
      type="button"
      class={section.isRed ? "log-section log-section-red" : "log-section"}
      aria-expanded={isOpen}
      onClick={() => props.toggle?.(section)}
    >
      <span aria-hidden="true" class="log-fold">
        {isOpen ? "▾" : "▸"}
      </span>
      {section.title}
      <span class="log-count">
        {section.isRed ? "failed, " : ""}
        {count} {count === 1 ? "line" : "lines"}
      </span>
    </button>
  );
}

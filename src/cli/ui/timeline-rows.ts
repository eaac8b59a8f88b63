import { formatBytes } from "#kernel/size.ts";
import type { BuildTimeline, TimelinePiece } from "../api/build-insight.ts";
import { safeText } from "./safe-text.ts";

const barWidth = 40;
/** Shorter pieces are told together: their bars would be one character each. */
const shortestMs = 10;

export interface TimelineRow {
  readonly cells: readonly string[];
  readonly isFailed: boolean;
}

/** A row a piece: what, how long, its bar, and what is to be said of it. A detect that said no is no failure. */
export function timelineRows({ pieces, durationMs }: BuildTimeline): TimelineRow[] {
  const isFailed = ({ error, name }: TimelinePiece) => error !== undefined && name !== "detect";
  const shown = pieces.filter(
    (piece) => piece.endMs - piece.startMs >= shortestMs || isFailed(piece) || piece.isRunning,
  );
  const rows = shown.map((piece) => ({
    cells: [
      safeText(`${piece.name === "process" ? "" : "  "}${piece.title}`),
      seconds(piece.endMs - piece.startMs),
      bar(piece, Math.max(1, durationMs)),
      noteOf(piece, isFailed(piece)),
    ],
    isFailed: isFailed(piece),
  }));
  const left = pieces.length - shown.length;
  if (left === 0) return rows;
  const cells = [`  ${left} of less than ${shortestMs} ms`, "", "", ""];
  return [...rows, { cells, isFailed: false }];
}

function bar({ startMs, endMs, isCritical }: TimelinePiece, durationMs: number): string {
  const column = (ms: number) => Math.round((Math.min(ms, durationMs) / durationMs) * barWidth);
  const from = Math.min(column(startMs), barWidth - 1);
  const length = Math.max(1, column(endMs) - from);
  return " ".repeat(from) + (isCritical ? "█" : "░").repeat(length);
}

function noteOf(piece: TimelinePiece, isFailed: boolean): string {
  const { bytes, cached, wasMs, because, error, isRunning } = piece;
  const was = wasMs === undefined ? "" : `was ${seconds(wasMs)}`;
  const parts = [
    isRunning ? "running" : "",
    isFailed ? (error ?? "") : "",
    cached ? "was here already" : bytes === undefined ? "" : formatBytes(bytes),
    because === undefined ? was : `${was}: ${because}`,
  ];
  return safeText(parts.filter((part) => part !== "").join(", "));
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 995 ? 2 : 1)} s`;
}

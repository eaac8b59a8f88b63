import { useState } from "preact/hooks";
import { loadTimeline, type Piece, type Timeline } from "../api/build-insight.ts";
import type { Build } from "../api/records.ts";
import { durationText, sizeText } from "../parts/amount.ts";
import { Shown } from "../parts/notice.tsx";
import { usePlatformData } from "../platform.ts";

/** Where the time of a staging went. A table first; the bars say again what its numbers say. */
export function BuildTimeline({ build }: { readonly build: Build }) {
  const everyMs = build.state === "STAGING" ? 2_000 : 60_000;
  const live = usePlatformData(
    `timeline ${build.guid} ${build.state}`,
    (api, signal) => loadTimeline(api, build.guid, signal),
    { everyMs },
  );
  return (
    <section>
      <h2>Timeline</h2>
      <Shown live={live} what="the timeline">
        {(timeline) =>
          timeline.pieces.length === 0 ? (
            <p class="faint">Nothing is known of this staging's steps.</p>
          ) : (
            <TimelineTable timeline={timeline} />
          )
        }
      </Shown>
    </section>
  );
}

/** Neither red nor decisive, and under a hundredth of the whole: a dozen of them would hide the rest. */
function isMinor(piece: Piece, totalMs: number): boolean {
  const ms = piece.endMs - piece.startMs;
  const isPlain = piece.failure === undefined && !piece.isCritical && !piece.isRunning;
  return isPlain && ms < totalMs / 100;
}

function TimelineTable({ timeline }: { readonly timeline: Timeline }) {
  const [showsAll, setShowsAll] = useState(false);
  const major = timeline.pieces.filter((piece) => !isMinor(piece, timeline.totalMs));
  const minor = timeline.pieces.length - major.length;
  const shown = showsAll || minor < 3 ? timeline.pieces : major;
  return (
    <>
      <p class="faint">
        {durationText(timeline.totalMs)}{" "}
        {timeline.pieces.some(({ isRunning }) => isRunning) ? "so far" : "in all"}. Bold steps
        decided how long it took: a faster one would have made the staging faster.
      </p>
      <table class="list timeline">
        <caption class="spoken">Steps of the staging, by their begin</caption>
        <thead>
          <tr>
            <th scope="col">Step</th>
            <th scope="col" class="number">
              Took
            </th>
            <th scope="col" class="timeline-bars">
              From 0 to {durationText(timeline.totalMs)}
            </th>
            <th scope="col">Known of it</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((piece) => (
            <PieceRow key={piece.key} piece={piece} totalMs={timeline.totalMs} />
          ))}
        </tbody>
      </table>
      {minor < 3 ? null : (
        <button type="button" onClick={() => setShowsAll(!showsAll)}>
          {showsAll ? "Hide" : "Show"} the {minor} steps of less than a hundredth each
        </button>
      )}
    </>
  );
}

function PieceRow({ piece, totalMs }: { readonly piece: Piece; readonly totalMs: number }) {
  const names = [
    piece.isCritical ? "critical" : "",
    piece.isInner ? "inner" : "",
    piece.failure === undefined ? "" : "red",
  ];
  const scale = totalMs === 0 ? 0 : 1_000 / totalMs;
  const width = Math.max(3, (piece.endMs - piece.startMs) * scale);
  return (
    <tr class={names.filter((name) => name !== "").join(" ")}>
      <th scope="row">{piece.name}</th>
      <td data-label="Took" class="number">
        {durationText(piece.endMs - piece.startMs)}
      </td>
      <td data-label="" class="timeline-bars">
        <svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
          <rect x={Math.min(1_000 - width, piece.startMs * scale)} width={width} height="10" />
        </svg>
      </td>
      <td data-label="Known of it" class="reason">
        {factsOf(piece)}
      </td>
    </tr>
  );
}

function factsOf(piece: Piece): string {
  const facts = [
    piece.isRunning ? "running" : "",
    piece.failure === undefined ? "" : `failed: ${piece.failure}`,
    piece.declined === undefined ? "" : `declined: ${piece.declined}`,
    piece.bytes === undefined || piece.isCached ? "" : sizeText(piece.bytes),
    piece.isCached ? "cached" : "",
    piece.wasMs === undefined ? "" : `was ${durationText(piece.wasMs)}`,
    piece.because ?? "",
  ];
  return facts.filter((fact) => fact !== "").join(", ") || "–";
}

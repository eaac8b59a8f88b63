import { durationText } from "./amount.ts";

/** A point in time as a distance from now; the full one for the pointer and in the markup. */
export function Moment({ at }: { readonly at: string }) {
  const then = new Date(at);
  return (
    <time dateTime={at} title={then.toLocaleString()}>
      {distance(Date.now() - then.getTime())}
    </time>
  );
}

function distance(ms: number): string {
  if (ms < 10_000) return "just now";
  // The two units of a duration are one too many here: "3 d ago".
  return `${/^\d+ \w+/.exec(durationText(ms))?.[0] ?? ""} ago`;
}

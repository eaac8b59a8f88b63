import { fromNanoseconds } from "#kernel/clock/clock.ts";

/** `2030-01-02T03:04:05.06+0100`, the official client's form for log lines and events, in the local zone. */
export function logTime(date: Date): string {
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const hundredths = two(Math.floor(date.getMilliseconds() / 10));
  return `${day}T${time}.${hundredths}${zoneOffset(date)}`;
}

/** `03:04:05.06` of an instant in milliseconds since the epoch, in the local zone. */
export function clockTime(ms: number): string {
  return logTime(fromNanoseconds(BigInt(Math.round(ms)) * 1_000_000n)).slice(11, 22);
}

const weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `Wed 02 Jan 03:04:05 UTC 2030`, in the local zone. */
export function friendlyTime(date: Date): string {
  const day = `${weekdays[date.getDay()]} ${two(date.getDate())} ${months[date.getMonth()]}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${time} ${zoneName(date)} ${date.getFullYear()}`;
}

/** `2030-01-02T03:04:05Z`. */
export function instantText(date: Date): string {
  return date.toISOString().replace(/\.\d{3}Z$/, "Z");
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

function zoneOffset(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}${two(size % 60)}`;
}

/** `UTC`, `CET`; zones without an abbreviation of their own as `+03`. */
function zoneName(date: Date): string {
  for (const locale of ["en-US", "en-GB"]) {
    const name = new Intl.DateTimeFormat(locale, { timeZoneName: "short" })
      .formatToParts(date)
      .find((part) => part.type === "timeZoneName")?.value;
    if (name !== undefined && !/^GMT[+-]/.test(name)) return name;
  }
  return zoneOffset(date).replace(/00$/, "");
}

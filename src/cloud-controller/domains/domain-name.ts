const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;
const minimumLength = 3;
/** Of 255 that the protocol has, two are not visible. */
const maximumLength = 253;

/** What is wrong with a domain's name, in Cloud Controller's words and order. */
export function domainNameFaults(name: unknown): string[] {
  if (name !== undefined && name !== null && typeof name !== "string") {
    return ["Name must be a string"];
  }
  const text = name ?? "";
  const labels = text.split(".");
  const faults: string[] = [];
  if (text.trim() === "") faults.push("Name can't be blank");
  if (typeof name !== "string") faults.push("Name must be a string");
  if (text.length < minimumLength) {
    faults.push(`Name is too short (minimum is ${minimumLength} characters)`);
  }
  if (text.length > maximumLength) {
    faults.push(`Name is too long (maximum is ${maximumLength} characters)`);
  }
  if (labels.length < 2 || !labels.every((part) => label.test(part))) {
    faults.push("Name does not comply with RFC 1035 standards");
  }
  if (labels.length < 2) faults.push('Name must contain at least one "."');
  if (labels.some((part) => part.length > 63)) {
    faults.push("Name subdomains must each be at most 63 characters");
  }
  if (/[^a-z0-9\-.]/i.test(text)) {
    faults.push("Name must consist of alphanumeric characters and hyphens");
  }
  return faults;
}

/** `a.b.c` -> `b.c`, `a.b.c`: the domains that a name is in, itself included; the last label alone is none. */
export function enclosingDomains(name: string): string[] {
  const labels = name.split(".");
  return labels.slice(0, -1).map((_, index) => labels.slice(index).join("."));
}

/** Host and domain of a name: its first label, and the rest. */
export function splitFirstLabel(name: string): { readonly host: string; readonly domain: string } {
  const dot = name.indexOf(".");
  return { host: name.slice(0, dot), domain: name.slice(dot + 1) };
}

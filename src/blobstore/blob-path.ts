/** The parts of a key or folder, or a throw where one could name anything but a blob of the store. */
export function safeSegments(key: string): string[] {
  const segments = key.split("/");
  const safe = segments.every((segment) => /^(?!\.)[A-Za-z0-9._~%+-]{1,255}$/.test(segment));
  if (!safe) throw new Error(`"${key}" is no key of a blob`);
  return segments;
}

/** Whether an entry of `buildpacks` names a place to fetch from, rather than an admin buildpack. */
export function isBuildpackUrl(entry: string): boolean {
  return /^(https?|git|ssh|docker):\/\/\S+$/i.test(entry) || /^[\w.-]+@[\w.-]+:\S+$/.test(entry);
}

/** Shown as Cloud Controller shows it: user and password of a URL are starred out. */
export function withoutPassword(entry: string): string {
  return entry.replace(/^([a-z]+:\/\/)[^@/\s]*@/i, "$1***:***@");
}

const maxLength = 1024;
const suffix = "(truncated)";

/** A reason as the BBS keeps it: at most 1,024 characters, the end of a longer one replaced by "(truncated)". */
export function truncatedReason(reason: string): string {
  return reason.length <= maxLength ? reason : reason.slice(0, maxLength - suffix.length) + suffix;
}

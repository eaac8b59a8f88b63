import { chmodSync, chownSync, existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { ReadOnlyBind } from "../container-runtime.ts";

/**
 * Prepares the writable layer before it is mounted. Its metadata wins over the layers': a home that belongs to root
 * here would lock vcap out. The places that binds cover must be there before the container is, whose root may not make
 * them.
 */
export function prepareUpper(
  upper: string,
  /** The host's id of user vcap. */
  vcap: number,
  binds: readonly ReadOnlyBind[],
): void {
  mkdirSync(path.join(upper, "home/vcap"), { recursive: true, mode: 0o755 });
  // What an ordinary user makes is its own, and it may give nothing away.
  if (process.getuid?.() === 0) chownSync(path.join(upper, "home/vcap"), vcap, vcap);
  mkdirSync(path.join(upper, "tmp"));
  chmodSync(path.join(upper, "tmp"), 0o1777);
  for (const { source, destination } of binds) {
    const target = path.join(upper, path.posix.normalize(destination));
    mkdirSync(path.dirname(target), { recursive: true, mode: 0o755 });
    if (existsSync(target)) continue;
    if (statSync(source).isDirectory()) mkdirSync(target);
    else writeFileSync(target, "");
  }
}

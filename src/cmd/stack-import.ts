import path from "node:path";
import { importStack } from "#diego/cell/runtime/stack/import-stack.ts";
import type { CommandIo } from "./platform-commands.ts";

/** `rivera stack import NAME FILE`: a rootfs tarball becomes a stack; a running platform sees it at its next start. */
export async function stackImport(
  io: CommandIo,
  dataDir: string,
  args: readonly string[],
): Promise<number> {
  const [verb, name, file] = args;
  if (verb !== "import" || name === undefined || file === undefined) {
    throw new Error("Cannot run this: the usage is rivera stack import NAME FILE [--data DIR]");
  }
  await importStack({ dataDir: path.join(dataDir, "stacks"), name, tarball: path.resolve(file) });
  io.print(`Stack ${name} imported. It is there after the next start: cf stacks`);
  return 0;
}

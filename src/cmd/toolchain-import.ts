import path from "node:path";
import { importToolchain } from "#diego/cell/runtime/stack/import-toolchain.ts";
import type { CommandIo } from "./platform-commands.ts";

/** `rivera toolchain import NAME FILE`: mounted at /opt/NAME for whom a buildpack asks for it, from the next start on. */
export async function toolchainImport(
  io: CommandIo,
  dataDir: string,
  args: readonly string[],
): Promise<number> {
  const [verb, name, file] = args;
  if (verb !== "import" || name === undefined || file === undefined) {
    throw new Error("Cannot run this: the usage is rivera toolchain import NAME FILE [--data DIR]");
  }
  const archive = path.resolve(file);
  await importToolchain({ dataDir: path.join(dataDir, "toolchains"), name, archive });
  io.print(`Toolchain ${name} imported. It is at /opt/${name} after the next start.`);
  return 0;
}

import type { EnvironmentVariable } from "#diego/models/action.ts";
import { parsePreloadedRootFs } from "#diego/models/root-fs.ts";
import type { ReadOnlyBind } from "../runtime/container-runtime.ts";

/** As Garden gives it to users but root. */
const defaultPath = "/usr/local/bin:/usr/bin:/bin";

/**
 * What a root file system asks to have laid over its stack, of what the cell has. A name stands for its versions, too:
 * `java` for `java` and `java-17`. One that the cell lacks is left out, since the stack itself may have the programs; a buildpack
 * that finds neither says so.
 */
export function toolchainBinds(
  rootFs: string,
  present: Readonly<Record<string, string>>,
): readonly ReadOnlyBind[] {
  const asked = parsePreloadedRootFs(rootFs)?.toolchains;
  return Object.entries(present)
    .filter(([name]) => asked?.some((each) => name === each || name.startsWith(`${each}-`)) ?? true)
    .map(([name, source]) => ({ source, destination: `/opt/${name}` }));
}

/** PATH where there are toolchains: their programs come before the stack's. The versions of one are for who chooses. */
export function toolchainPath(
  rootFs: string,
  present: Readonly<Record<string, string>>,
): readonly EnvironmentVariable[] {
  const folders = toolchainBinds(rootFs, present).map(({ destination }) => destination);
  const chosen = folders.filter(
    (folder) => !folders.some((other) => folder.startsWith(`${other}-`)),
  );
  if (chosen.length === 0) return [];
  const value = [...chosen.map((folder) => `${folder}/bin`), defaultPath].join(":");
  return [{ name: "PATH", value }];
}

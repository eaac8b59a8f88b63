import type { ReadOnlyBind } from "../container-runtime.ts";
import type { ContainerEngine } from "../supervised/container-engine.ts";
import type { UnlimitedRecord } from "./unlimited-record.ts";

/** What there is of a container before it starts: in `dir` the folders `upper`, `work` and `rootfs`, all else empty. */
export interface ContainerParts {
  readonly dir: string;
  readonly handle: string;
  /** Layers of its root, the first on top. */
  readonly lowers: readonly string[];
  /** Folders of the host bound at the same place. */
  readonly hostFolders: readonly string[];
  readonly binds: readonly ReadOnlyBind[];
}

/** How containers without limits come to be; the rest of their life is the same for all. */
export interface ContainerMaker {
  readonly name: UnlimitedRecord["maker"];
  /** Whether processes can be run in a living container of an earlier run of the cell. */
  adopts(record: UnlimitedRecord): boolean;
  /** Gives the pid of the container's first process, as the host counts, or throws with what went wrong. */
  start(parts: ContainerParts): Promise<number>;
  /** Of an overlay that root may put over a container's root later; undefined where that cannot be. */
  readonly overlayOptions: string | undefined;
  /** Where the root of a container with that folder stands in its mount namespace; empty for the top. */
  rootInside(dir: string): string;
  engine(record: UnlimitedRecord, dir: string): ContainerEngine;
  /** Takes away what is not a process or a file below `dir`. Idempotent; called once no process lives. */
  clear(handle: string, dir: string): Promise<void>;
  /** At the end of the cell; with `hasContainers` a later one finds them again. */
  close(hasContainers: boolean): Promise<void>;
}

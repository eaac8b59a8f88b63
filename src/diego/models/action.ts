/** The action language of Diego: what a container does, as a tree. Field names and numbers: BBS `actions.proto`. */
export type Action =
  | DownloadAction
  | UploadAction
  | RunAction
  | TimeoutAction
  | EmitProgressAction
  | TryAction
  | ActionList;

export interface DownloadAction {
  readonly kind: "download";
  /** Shown in "Downloading X..."; empty is silent. */
  readonly artifact: string;
  readonly from: string;
  readonly to: string;
  /** Empty: not cached on the cell. */
  readonly cacheKey: string;
  readonly logSource: string;
  readonly user: string;
  readonly checksum?: Checksum;
}

export interface Checksum {
  readonly algorithm: "md5" | "sha1" | "sha256";
  /** Hex digits. */
  readonly value: string;
}

export interface UploadAction {
  readonly kind: "upload";
  readonly artifact: string;
  readonly from: string;
  readonly to: string;
  readonly logSource: string;
  readonly user: string;
}

export interface RunAction {
  readonly kind: "run";
  readonly path: string;
  readonly args: readonly string[];
  readonly dir: string;
  readonly env: readonly EnvironmentVariable[];
  readonly nofile?: number;
  readonly user: string;
  readonly logSource: string;
  readonly suppressLogOutput: boolean;
}

export interface EnvironmentVariable {
  readonly name: string;
  readonly value: string;
}

interface TimeoutAction {
  readonly kind: "timeout";
  readonly action: Action;
  readonly timeoutMs: number;
  readonly logSource: string;
}

export interface EmitProgressAction {
  readonly kind: "emitProgress";
  readonly action: Action;
  readonly startMessage: string;
  readonly successMessage: string;
  readonly failureMessagePrefix: string;
  readonly logSource: string;
}

interface TryAction {
  readonly kind: "try";
  readonly action: Action;
  readonly logSource: string;
}

export interface ActionList {
  readonly kind: "parallel" | "serial" | "codependent";
  readonly actions: readonly Action[];
  readonly logSource: string;
}

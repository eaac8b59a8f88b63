/** One entry of an app: what resource matching and the package's zip need to know of it. */
export interface AppFile {
  /** Relative to the app's root, with `/` between names and none at the end. */
  readonly path: string;
  readonly kind: "file" | "folder" | "link";
  /** Permission bits. */
  readonly mode: number;
  /** Bytes; 0 for folders and links. */
  readonly size: number;
  /** SHA-1 of the content in hex; empty for folders and links. */
  readonly sha1: string;
}

/** Where the bytes of an app come from: a folder, or a zip. */
export interface AppSource {
  readonly root: string;
  readonly isArchive: boolean;
  readonly files: readonly AppFile[];
}

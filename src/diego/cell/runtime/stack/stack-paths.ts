/** Where programs of every stack find the certificates they trust. */
export const caBundlePath = "/etc/ssl/certs/ca-certificates.crt";

/** The stack that manifests and buildpacks in the field name. */
export const defaultStack = "cflinuxfs4";

/** One stack that containers can be made of. */
export interface Stack {
  readonly rootfs: string;
  /** Folders of the host bound over it. */
  readonly hostFolders: readonly string[];
  /** Whether its files' owners on disk are ids of the container. */
  readonly idmapped: boolean;
}

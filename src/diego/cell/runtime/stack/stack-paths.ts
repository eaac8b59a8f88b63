/** Where programs of every stack find the certificates they trust. */
export const caBundlePath = "/etc/ssl/certs/ca-certificates.crt";

/** The stack that manifests and buildpacks in the field name. */
export const defaultStack = "cflinuxfs4";

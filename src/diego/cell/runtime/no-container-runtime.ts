/** No runtime of this machine passes: the message says why each does not, and what mends it. */
export class NoContainerRuntime extends Error {
  override readonly name = "NoContainerRuntime";
}

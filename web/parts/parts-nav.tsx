/** The parts of one subject, each with its address. */
export function PartsNav(props: {
  readonly label: string;
  readonly parts: readonly {
    readonly name: string;
    readonly address: string;
    readonly isCurrent: boolean;
  }[];
}) {
  return (
    <nav class="parts" aria-label={props.label}>
      {props.parts.map(({ name, address, isCurrent }) => (
        <a key={name} href={address} aria-current={isCurrent ? "page" : undefined}>
          {name}
        </a>
      ))}
    </nav>
  );
}

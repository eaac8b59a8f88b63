import { useEffect } from "preact/hooks";

/** The tab's title while the view is open: what a screen reader says first, and a bookmark is called. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Rivera`;
    return () => {
      document.title = "Rivera";
    };
  }, [title]);
}

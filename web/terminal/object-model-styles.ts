/**
 * The terminal writes style sheets and style attributes as text, which the page's policy (`style-src 'self'`) rightly forbids: what
 * a program prints could else bring its own. While this is in force the elements that it makes set the same through the object
 * model, which the policy allows: sheets are adopted, attributes become declarations. The page's own views make no element by
 * `createElement` (Preact uses `createElementNS`).
 */
export function useObjectModelStyles(): Disposable {
  const sheets: CSSStyleSheet[] = [];
  const create = (name: string) => (name === "style" ? adopted(sheets) : declared(name));
  Object.defineProperty(document, "createElement", { value: create, configurable: true });
  return {
    [Symbol.dispose]() {
      Reflect.deleteProperty(document, "createElement");
      const own = new Set(sheets);
      document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => !own.has(sheet));
    },
  };
}

/** In place of a `style` element, of which even an empty one is forbidden. */
function adopted(sheets: CSSStyleSheet[]): HTMLElement {
  const sheet = new CSSStyleSheet();
  sheets.push(sheet);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  const element = make("template");
  Object.defineProperty(element, "textContent", {
    set(rules: string) {
      sheet.replaceSync(rules);
    },
  });
  return element;
}

function declared(name: string): HTMLElement {
  const element = make(name);
  Object.defineProperty(element, "setAttribute", {
    value: (attribute: string, value: string) => {
      if (attribute === "style") element.style.cssText = value;
      else Element.prototype.setAttribute.call(element, attribute, value);
    },
  });
  return element;
}

function make(name: string): HTMLElement {
  return Document.prototype.createElement.call(document, name);
}

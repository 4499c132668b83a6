/** The adapters' own script element. */
const script = document.currentScript as HTMLScriptElement;

/** The attributes of the script tag; ADAPTERS.md lists them. */
export const options = script.dataset;

/** Where the collector is: the folder of the script, whatever its file name and whoever proxies it. */
export const base = new URL(".", script.src);

/** Wraps a handler: whatever goes wrong in it, the page never sees it. Nor what it promised. */
export const guard =
  <A extends unknown[]>(act: (...args: A) => unknown) =>
  async (...args: A): Promise<void> => {
    try {
      await act(...args);
    } catch {}
  };

/** Listens to events before the handlers of the page, on the window unless another target is given. */
export function listen<E = Event>(types: string, act: (event: E) => unknown, target: EventTarget = window): void {
  for (const type of types.split(" ")) target.addEventListener(type, guard(act) as unknown as EventListener, true);
}

/** Returns an absolute address. */
export const urlOf = (address: string) => new URL(address, document.baseURI);

/** Puts a hidden input into a form. */
export function addHidden(form: Element, name: string): HTMLInputElement {
  const input = form.appendChild(form.ownerDocument.createElement("input"));
  input.type = "hidden";
  input.name = name;
  return input;
}

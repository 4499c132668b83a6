import { guard } from "./page";

/** What an adapter does with elements: with the document at first and after each change of consent, then with new ones. */
type Scan = (root: ParentNode) => unknown;

const scans: Scan[] = [];

/** Has act look at the document's elements, the present ones and all that come. */
export const onElements = (act: Scan) => scans.push(guard(act));

/** Shows root to every adapter. */
export const scan = (root: ParentNode = document) => scans.forEach((act) => act(root));

/** Returns root, where it matches, and what matches in it. */
export const find = <E extends Element>(root: ParentNode, selector: string): E[] =>
  [root as E, ...root.querySelectorAll<E>(selector)].filter((element) => element.matches && element.matches(selector));

/** Has act look at every frame. */
export const onFrames = (act: (frame: HTMLIFrameElement, root: ParentNode) => unknown) =>
  onElements((root) => find<HTMLIFrameElement>(root, "iframe").forEach((frame) => guard(act)(frame, root)));

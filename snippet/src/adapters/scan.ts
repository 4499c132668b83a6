import { guard } from "../config";

/** What an adapter does with elements: with the document at first and after each change of consent, then with new ones. */
export type Scan = (root: ParentNode) => void;

const scans: Scan[] = [];

/** Has act look at the document's elements, the present ones and all that come. */
export const onElements = (act: Scan) => scans.push(guard(act));

/** Shows root to every adapter. */
export function scan(root: ParentNode = document): void {
  for (const act of scans) act(root);
}

/** Returns root, where it matches, and what matches in it. */
export const find = <E extends Element>(root: ParentNode, selector: string): E[] => {
  const found = [...root.querySelectorAll<E>(selector)];
  if ((root as Element).matches && (root as Element).matches(selector)) found.unshift(root as Element as E);
  return found;
};

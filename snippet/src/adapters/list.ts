/** Returns the words of an attribute, which commas or spaces separate. */
export const words = (text = ""): string[] => text.split(/[\s,]+/).filter((word) => word);

/**
 * Returns what an attribute gives for key. The attribute is one value for every key ("demo"), or lists some
 * ("30min=demo, intro=contact"), and then says nothing of others.
 */
export function valueFor(text: string | undefined, key: string): string | undefined {
  for (const word of words(text)) {
    const at = word.lastIndexOf("=");
    if (at < 0 || word.slice(0, at) == key) return word.slice(at + 1);
  }
  return undefined;
}

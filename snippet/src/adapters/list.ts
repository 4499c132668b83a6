/** Returns the words of an attribute, which commas or spaces separate. */
export const words = (text = ""): string[] => text.split(/[\s,]+/).filter((word) => word);

/**
 * Returns what an attribute gives for key. The attribute is one value for every key ("demo"), or lists some
 * ("30min=demo, intro=contact"), and then says nothing of others.
 */
export const valueFor = (text: string | undefined, key: string): string | undefined =>
  words(text)
    .map((word) => /^((.*)=)?(.*)$/.exec(word)!)
    .filter(([, isPair, name]) => !isPair || name == key)
    .map(([, , , value]) => value)[0];

/** Gives the oldest phones what a library asks for: our own code does without. */

const known = Object as { hasOwn?: (of: object, name: PropertyKey) => boolean }
known.hasOwn ??= (of, name) => Object.prototype.hasOwnProperty.call(of, name)

export {}

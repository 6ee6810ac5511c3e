/** Answers that may come in another order than they were asked for. */

/** Lets no answer in behind one that was asked for later; numbers of the server may begin anew, these don't. */
export class Turns {
  private asked = 0
  private readonly taken = new Map<string, number>()

  /** Returns the number of a question that is being sent. */
  next(): number {
    this.asked += 1
    return this.asked
  }

  /** Takes the answer to a question; false where a later one of the same name was answered already. */
  takes(name: string, turn: number): boolean {
    if (turn < (this.taken.get(name) ?? 0)) return false
    this.taken.set(name, turn)
    return true
  }
}

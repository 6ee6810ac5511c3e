/** The words in English of messages, and of what people want to be told of. */

import type { AlarmWords } from '..'

export const alarm: AlarmWords = {
  'messages.title': 'Messages',
  'messages.kind': 'Which messages',
  'messages.all': 'All',
  'messages.importance.urgent': 'Urgent',
  'messages.importance.important': 'Important',
  'messages.importance.info': 'Info',
  'messages.first': 'Look at these first',
  'messages.others': 'Other messages',
  'messages.newest': 'Newest first',
  'messages.new': 'New',
  'messages.read': 'Mark read',
  'messages.read_all': 'Mark all as read',
  'messages.open': 'See more',
  'messages.escalated': 'Nobody has seen it yet, so you are told.',
  'messages.none': 'No messages',
  'messages.none_help': 'What you are told of stands here for 90 days.',
}

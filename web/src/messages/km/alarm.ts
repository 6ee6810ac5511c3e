/** The words in Khmer of messages, and of what people want to be told of. */

export const alarm = {
  'messages.title': 'សារ',
  'messages.kind': 'មើលសារណា',
  'messages.all': 'ទាំងអស់',
  'messages.importance.urgent': 'បន្ទាន់',
  'messages.importance.important': 'សំខាន់',
  'messages.importance.info': 'ដំណឹង',
  'messages.first': 'ត្រូវមើលមុនគេ',
  'messages.others': 'សារផ្សេងទៀត',
  'messages.newest': 'សារថ្មីមុន',
  'messages.new': 'ថ្មី',
  'messages.read': 'អានហើយ',
  'messages.read_all': 'ដាក់ថាអានហើយទាំងអស់',
  'messages.open': 'មើលលម្អិត',
  'messages.escalated': 'មិនទាន់មានអ្នកណាឃើញ ទើបប្រាប់អ្នក។',
  'messages.none': 'គ្មានសារទេ',
  'messages.none_help': 'ពេលមានអ្វីត្រូវប្រាប់អ្នក នឹងបង្ហាញនៅទីនេះ ហើយទុករយៈ\u2060ពេល ៩០ ថ្ងៃ។',
} as const

#include "reference/runtime/posix/errors.h"

#include <cerrno>
#include <cstring>
#include <string>

namespace kp::runtime::posix {
namespace {

Code CodeOf(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR: return Code::kNotFound;
    case EEXIST: return Code::kAlreadyExists;
    case EACCES:
    case EPERM:
    case EROFS: return Code::kPermissionDenied;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE: return Code::kResourceExhausted;
    case EINVAL:
    case EISDIR:
    case ENAMETOOLONG: return Code::kInvalidArgument;
    case EIO: return Code::kDataLoss;
    default: return Code::kUnavailable;
  }
}

}  // namespace

Status ErrnoStatus(std::string_view action, std::string_view object, int error) {
  std::string reason = std::strerror(error);
  // glibc begins with a capital; our texts are parts of sentences. "No such file" -> "no such file".
  if (reason.size() > 1 && reason[0] >= 'A' && reason[0] <= 'Z' && !(reason[1] >= 'A' && reason[1] <= 'Z')) {
    reason[0] = static_cast<char>(reason[0] - 'A' + 'a');
  }
  std::string message(action);
  message += ' ';
  message += object;
  message += ": ";
  message += reason;
  return {CodeOf(error), std::move(message)};
}

}  // namespace kp::runtime::posix

#include "reference/wire/grpc_frame.h"

#include <algorithm>

#include "reference/base/mutant.h"
#include "reference/base/strings.h"
#include "reference/wire/http2.h"

namespace kp::wire {

namespace {

constexpr size_t kPrefixSize = 5;

}  // namespace

std::string GrpcPrefix(size_t message_size) {
  std::string prefix(kPrefixSize, '\0');
  for (size_t i = 0; i < 4; ++i) prefix[kPrefixSize - 1 - i] = static_cast<char>(message_size >> (8 * i) & 0xff);
  return prefix;
}

Result<size_t> GrpcDecoder::MessageSize(std::string_view prefix) const {
  if (prefix[0] == 1) return Status(Code::kUnimplemented, "grpc: compressed messages are not supported");
  if (prefix[0] != 0) return Status(Code::kInternal, "grpc: malformed message prefix");
  size_t size = 0;
  for (size_t i = 1; i < kPrefixSize; ++i) size = size << 8 | static_cast<unsigned char>(prefix[i]);
  if (size > max_message_) {
    return Status(Code::kResourceExhausted, "grpc: received message larger than max (" + std::to_string(size) +
                                                " vs. " + std::to_string(max_message_) + ")");
  }
  return size;
}

// Takes what belongs to the current message off `bytes`.
Status GrpcDecoder::Take(std::string_view* bytes, std::string_view* message, bool* complete) {
  if (held_.empty() && bytes->size() >= kPrefixSize) {
    auto size = MessageSize(*bytes);
    if (!size) return size.status();
    if (bytes->size() - kPrefixSize >= *size) {  // the usual case: no copy
      *message = bytes->substr(kPrefixSize, *size);
      *complete = true;
      bytes->remove_prefix(kPrefixSize + *size);
      return {};
    }
    held_.reserve(std::min<size_t>(kPrefixSize + *size, 64 << 10));  // what is announced need not come
  }
  const auto take = [&](size_t wanted) {
    const size_t count = std::min(wanted - std::min(wanted, held_.size()), bytes->size());
    held_.append(bytes->substr(0, count));
    bytes->remove_prefix(count);
    return held_.size() >= wanted;
  };
  if (!take(kPrefixSize)) return {};
  auto size = MessageSize(held_);
  if (!size) return size.status();
  if (!take(kPrefixSize + *size)) return {};
  whole_ = std::move(held_);
  held_.clear();
  *message = std::string_view(whole_).substr(kPrefixSize);
  *complete = true;
  return {};
}

std::string EncodeGrpcMessage(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (unsigned char c : text) {
    if (c >= 0x20 && c <= 0x7e && c != '%') {
      out.push_back(static_cast<char>(c));
    } else {
      out.append({'%', kHex[c >> 4], kHex[c & 15]});
    }
  }
  return out;
}

std::string DecodeGrpcMessage(std::string_view text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
      out.push_back(static_cast<char>(digit(text[i + 1]) << 4 | digit(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

std::string EncodeGrpcTimeout(Duration timeout) {
  constexpr int64_t kMost = 99'999'999;
  int64_t value = std::max<int64_t>(timeout.count(), 0);
  static constexpr std::pair<char, int64_t> kSteps[] = {{'n', 1000}, {'u', 1000}, {'m', 1000}, {'S', 60}, {'M', 60}};
  for (const auto& [unit, next] : kSteps) {
    if (value <= kMost) return std::to_string(value) + unit;
    value = value / next + (value % next != 0);  // rounded up: a deadline is not shortened
  }
  return std::to_string(std::min(value, kMost)) + "H";
}

std::optional<Duration> DecodeGrpcTimeout(std::string_view text) {
  if (text.size() < 2 || text.size() > 9) return {};
  const auto value = ParseInt(text.substr(0, text.size() - 1));
  if (!value || *value < 0) return {};
  switch (text.back()) {
    case 'n': return Duration(*value);
    case 'u': return std::chrono::microseconds(*value);
    case 'm': return std::chrono::milliseconds(*value);
    case 'S': return std::chrono::seconds(*value);
    case 'M': return std::chrono::minutes(*value);
    // 292 years are all that fit; more is as good as none.
    case 'H': return *value > 2'000'000 ? Duration::max() : Duration(std::chrono::hours(*value));
    default: return {};
  }
}

std::optional<Status> StatusOfTrailers(const Headers& trailers) {
  const std::string_view text = trailers.Get("grpc-status");
  if (text.empty()) {
    if (KP_MUTANT("grpc-ok-on-missing-status")) return Status();
    return {};
  }
  const auto code = ParseInt(text);
  if (code == 0 || KP_MUTANT("grpc-takes-errors-for-success")) return Status();
  const Code known = code && *code > 0 && *code <= 16 ? static_cast<Code>(*code) : Code::kUnknown;
  if (KP_MUTANT("grpc-loses-the-message")) return Status(known, "");
  return Status(known, DecodeGrpcMessage(trailers.Get("grpc-message")));
}

void AddStatus(const Status& status, Headers* trailers) {
  trailers->Add("grpc-status", std::to_string(static_cast<int>(status.code())));
  if (!status.message().empty()) trailers->Add("grpc-message", EncodeGrpcMessage(status.message()));
}

Status StatusOfHttp(int http_status) {
  const std::string text = "grpc: unexpected HTTP status " + std::to_string(http_status);
  switch (http_status) {
    case 200: return {Code::kInternal, "grpc: server ended the stream without a status"};
    case 400: return {Code::kInternal, text};
    case 401: return {Code::kUnauthenticated, text};
    case 403: return {Code::kPermissionDenied, text};
    case 404: return {Code::kUnimplemented, text};
    case 429:
    case 502:
    case 503:
    case 504: return {Code::kUnavailable, text};
    default: return {Code::kUnknown, text};
  }
}

Status StatusOfReset(uint32_t http2_error) {
  const std::string text = "grpc: stream reset by the server, HTTP/2 error " + std::to_string(http2_error);
  switch (http2_error) {
    case kHttp2RefusedStream: return {Code::kUnavailable, text};
    case kHttp2Cancel: return {Code::kCancelled, text};
    case kHttp2EnhanceYourCalm: return {Code::kResourceExhausted, text};
    default: return {Code::kInternal, text};
  }
}

Headers DecodeMetadata(Headers headers) {
  for (auto& [name, value] : headers.fields()) {
    if (!name.ends_with("-bin")) continue;
    // Senders may leave the padding out.
    std::string padded = value;
    while (padded.size() % 4 != 0) padded.push_back('=');
    if (auto bytes = Base64Decode(padded)) value = std::move(*bytes);
  }
  return headers;
}

void AddMetadata(const Headers& metadata, Headers* headers) {
  for (const auto& [name, value] : metadata.fields()) {
    headers->Add(name, name.ends_with("-bin") ? Base64Encode(value) : value);
  }
}

}  // namespace kp::wire

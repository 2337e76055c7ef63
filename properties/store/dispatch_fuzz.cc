// Calls of any methods with any messages: method (one byte), length (two), message, and so on.
#include <cstdint>

#include "properties/store/dispatch.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr int kMostCalls = 32;
  kp::properties::Dispatch dispatch(1);
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  for (int calls = 0; calls < kMostCalls && rest.size() >= 3; ++calls) {
    const auto number = [&](size_t i) { return static_cast<size_t>(static_cast<unsigned char>(rest[i])); };
    const std::string& method = dispatch.methods()[number(0) % dispatch.methods().size()];
    const size_t length = number(1) | number(2) << 8;
    rest.remove_prefix(3);
    (void)dispatch.Call(method, rest.substr(0, length));
    rest.remove_prefix(std::min(length, rest.size()));
  }
  dispatch.CheckSound();
  return 0;
}

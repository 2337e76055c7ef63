#include "reference/kubelet/script.h"

#include <algorithm>

#include "reference/base/strings.h"

namespace kp::kubelet {
namespace {

// "5", "0.5" are seconds as sleep(1) takes them; "250ms" is Go's form.
Duration ParseTime(std::string_view text) {
  auto go = ParseDuration(text);
  if (go.ok()) return *go;
  auto seconds = ParseDuration(std::string(text) + "s");
  return seconds.ok() ? *seconds : Duration(0);
}

std::string_view BaseName(std::string_view path) {
  size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

Duration After(const std::vector<std::string>& words) {
  for (std::string_view word : words) {
    if (ConsumePrefix(word, "--after=")) return ParseTime(word);
  }
  return Duration(0);
}

// One line of shell: each command takes its time, and the line ends with the last one's code.
Script ReadShell(std::string_view line) {
  Script script;
  Duration elapsed{};
  std::string text(line);
  for (size_t at = text.find("&&"); at != std::string::npos; at = text.find("&&")) text.replace(at, 2, ";&");
  for (std::string_view part : Split(text, ';')) {
    bool needs_success = part.starts_with("&");
    if (needs_success) part.remove_prefix(1);
    if (needs_success && script.exit_code != 0) continue;
    std::vector<std::string> words;
    for (std::string_view word : Split(Trim(part), ' ')) {
      if (!word.empty()) words.emplace_back(word);
    }
    if (words.empty()) continue;
    std::string_view program = BaseName(words[0]);
    if (program == "sleep" && words.size() > 1 && words[1] == "infinity") return script;
    if (program == "sleep") elapsed += words.size() > 1 ? ParseTime(words[1]) : Duration(0);
    if (program == "exec" || program == "while") return script;
    script.exit_code = program == "false" ? 1 : 0;
    if (program == "exit") {
      script.exit_code = words.size() > 1 ? static_cast<int>(ParseInt(words[1]).value_or(2) & 255) : 0;
      break;
    }
  }
  script.ends_after = elapsed;
  return script;
}

}  // namespace

Script ReadScript(const std::vector<std::string>& command, const std::vector<std::string>& args) {
  std::vector<std::string> words = command;
  words.insert(words.end(), args.begin(), args.end());
  if (!words.empty() && BaseName(words[0]) == "testpod") words.erase(words.begin());
  Script script;
  if (words.empty()) return script;
  std::string_view program = BaseName(words[0]);
  bool shell = (program == "sh" || program == "bash") && words.size() > 2 && words[1] == "-c";
  if (shell) return ReadShell(words[2]);
  if (program == "exit" || program == "true" || program == "false") {
    script.exit_code = program == "false" ? 1 : 0;
    if (program == "exit" && words.size() > 1)
      script.exit_code = static_cast<int>(ParseInt(words[1]).value_or(2) & 255);
    script.ends_after = After(words);
  } else if (program == "crash") {
    script.exit_code = 139;  // 128 + SIGSEGV
    script.ends_after = After(words);
  } else if (program == "oom") {
    script.exit_code = 137;
    script.reason = "OOMKilled";
    script.ends_after = After(words);
  } else if (program == "sleep" && words.size() > 1 && words[1] != "infinity") {
    script.ends_after = ParseTime(words[1]);
  } else if (program == "stubborn") {
    script.ignores_sigterm = true;
  } else if (program == "http" || program == "tcp" || program == "echo") {
    script.serves = true;
  }
  return script;
}

}  // namespace kp::kubelet

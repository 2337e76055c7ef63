// Files of the real file system. Only the syncs leave the loop's thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reference/runtime/posix/io_thread.h"

namespace kp::runtime::posix {

class PosixDisk : public Disk {
 public:
  explicit PosixDisk(EventLoop& loop) : thread_(loop) {}

  Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override;
  Result<std::string> ReadAll(const std::string& path) override;
  void WriteAtomically(const std::string& path, std::string bytes, Completion<Status> done) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status MakeDirectories(const std::string& path) override;
  Result<std::vector<std::string>> List(const std::string& directory) override;
  bool Exists(const std::string& path) override;
  void SyncDirectory(const std::string& path, Completion<Status> done) override;

  IoThread& thread() { return thread_; }

 private:
  IoThread thread_;
};

// Runs `work` on the thread and hands its status to `done`.
void SubmitStatus(IoThread& thread, std::function<Status()> work, Completion<Status> done);

}  // namespace kp::runtime::posix

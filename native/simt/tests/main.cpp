// Runs every kernel, right and with its bug, in the schedule of OTTAVA_SIMT_SCHEDULE; each in a process of its own, so that a sanitizer
// may end it. Prints a line for each: name, right or wrong, and what was found ("passes" if nothing), with tabs between.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "bugs.h"

namespace ottava::bugs {

std::vector<Bug>& all() {
    static std::vector<Bug> bugs;
    return bugs;
}

static std::string run_apart(const Run& run) {
    int channel[2];
    if (pipe(channel) != 0) return "no pipe";
    std::fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        dup2(channel[1], 2);  // where a sanitizer writes
        close(channel[0]);
        std::string result = run();
        std::fprintf(stderr, "RESULT %s\n", result.empty() ? "passes" : result.c_str());
        std::fflush(stderr);
        _exit(0);
    }
    close(channel[1]);
    std::string output;
    char buffer[4096];
    for (ssize_t n; (n = read(channel[0], buffer, sizeof buffer)) > 0;) output.append(buffer, static_cast<size_t>(n));
    close(channel[0]);
    int status = 0;
    waitpid(child, &status, 0);
    for (const char* mark : {"SUMMARY: ", "RACE ", "RESULT "}) {
        size_t at = output.find(mark);
        if (at == std::string::npos) continue;
        at += std::strcmp(mark, "RESULT ") == 0 ? 7 : 0;
        return output.substr(at, output.find('\n', at) - at);
    }
    return "ended with status " + std::to_string(status);
}

}  // namespace ottava::bugs

int main(int count, char** arguments) {
    using namespace ottava::bugs;
    std::sort(all().begin(), all().end(), [](const Bug& a, const Bug& b) { return std::strcmp(a.name, b.name) < 0; });
    for (const Bug& bug : all()) {
        if (count > 1 && std::strcmp(arguments[1], bug.name) != 0) continue;
        std::printf("%s\tright\t%s\n", bug.name, run_apart(bug.right).c_str());
        std::printf("%s\twrong\t%s\n", bug.name, run_apart(bug.wrong).c_str());
    }
    return 0;
}

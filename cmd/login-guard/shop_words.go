package main

// loginWords are the words of the login form.
type loginWords struct {
	Lang, Dir                                                   string
	Title, Email, Password, Button, Wrong, New, Register, Ready string
}

// wordsFor returns the words in the language of tag, or else in English. The
// shop speaks Arabic only where the demo shows the check in Arabic: a form
// in another language before it would look wrong.
func wordsFor(tag string) loginWords {
	if tag == "ar" {
		return loginWords{
			Lang: "ar", Dir: "rtl",
			Title: "تسجيل الدخول", Email: "البريد الإلكتروني", Password: "كلمة المرور", Button: "تسجيل الدخول",
			Wrong:    "البريد الإلكتروني أو كلمة المرور غير صحيحة.",
			New:      "ليس لديك حساب؟",
			Register: "إنشاء حساب",
			Ready:    "النموذج مملوء باسم زائر جديد. اضغط على زر تسجيل الدخول.",
		}
	}
	return loginWords{
		Lang: "en", Dir: "ltr",
		Title: "Sign in", Email: "Email", Password: "Password", Button: "Sign in",
		Wrong:    "This email and password do not go together. Please try again.",
		New:      "New here?",
		Register: "Make an account",
		Ready:    "Filled in for a new visitor. Press the button.",
	}
}

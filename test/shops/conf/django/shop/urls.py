from django.contrib import admin
from django.contrib.auth import views as auth
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import include, path


@login_required
def profile(request):
    """Says who is signed in: what nobody may see with the password alone."""
    return HttpResponse(f"<p>Signed in as [{request.user.get_username()}]</p>")


def front(request):
    return render(request, "front.html")


def basket(request):
    """Begins a session of somebody who is not signed in."""
    request.session["items"] = request.session.get("items", 0) + 1
    return HttpResponse(f"<p>{request.session['items']} in the basket</p>")


urlpatterns = [
    path("", front),
    path("basket/", basket),
    path("accounts/profile/", profile),
    # A second door, as shops have one in the checkout.
    path("checkout/login/", auth.LoginView.as_view(redirect_authenticated_user=True)),
    path("accounts/", include("django.contrib.auth.urls")),
    path("admin/", admin.site.urls),
]
